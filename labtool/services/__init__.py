"""The only place that knows vendors: our nouns, our errors, always a timeout."""
