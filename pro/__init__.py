"""Patient-reported outcomes by SMS diary, for clinical studies."""

__version__ = "0.1.0"
