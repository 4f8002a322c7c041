"""Through which door do scans go to an AI tool and results come back? DICOM in and out. See README.md."""

__all__: list[str] = []
