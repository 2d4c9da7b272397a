"""May this model replace the one in service?"""
