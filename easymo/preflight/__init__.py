"""The register of pre-flight lines and system checks, and the lines of no app: see registry.py."""
