"""The part of bash that a template with parameters may use: read, and held against what is safe."""
