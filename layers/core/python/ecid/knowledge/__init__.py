"""What the score and the assistant rest on: importers and stored reference data."""
