"""DICOMweb: STOW-RS in and out, QIDO-RS and WADO-RS for peers that may pull (PS3.18).

A small program of its own (`python -m alarp.gateway.dicomweb`), off until `dicomweb_port` is set, on this machine's
own address until somebody gives it TLS. What a peer sees and may have is asked of `alarp.gateway.pulling`, what comes
in goes through `alarp.gateway.receiving`: HTTP adds no rule of its own.
"""
