"""How are many files de-identified: one by one, several at a time, and so that a second run goes on where one ended?"""
