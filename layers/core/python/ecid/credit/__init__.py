"""AEO and enterprise credit (企业信用) over the regimes."""
