"""Three AI tools as a supplier would ship them: processes of their own that speak DICOM and nothing else.

They import nothing of Alarp, so that the demonstration shows a real boundary: what the tool knows of a
patient is what the gateway sent it.
"""

__all__: list[str] = []
