"""Where a result comes from: code, versions, machine."""
