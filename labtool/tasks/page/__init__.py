"""The site: pages that tasks give, rendered and written, whole and only where they changed."""
