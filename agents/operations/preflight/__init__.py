"""The pre-flight lines of this app, one provider a file."""
