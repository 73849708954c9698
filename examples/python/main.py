import platform

print(f"Python {platform.python_version()}")
