"""The doors through which evaluations change, by what a person does."""
