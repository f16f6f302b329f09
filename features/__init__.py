"""Feature extractors: transformers from face images to float32 rows."""
