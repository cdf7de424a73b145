"""ecid, the Export Compliance Intelligent Diagnosis Platform (出口合规智能诊断平台)."""

__version__ = "0.1.0"
