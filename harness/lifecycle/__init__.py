"""A model's life after promotion: has the data changed since it was tested, and is another model better in use?"""
