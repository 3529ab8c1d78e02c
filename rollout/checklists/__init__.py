"""The checklist of the deployment guide."""
