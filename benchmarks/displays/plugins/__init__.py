"""Display plug-ins. Each file here defines one as ``DISPLAY``; no other file needs a change."""
