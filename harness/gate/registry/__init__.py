"""The registry of promoted models: a sealed history, and a copy of each model that was in service."""
