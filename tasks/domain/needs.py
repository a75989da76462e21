"""What a campaign wants of the world outside it: a place, and what is sent along to it."""

from dataclasses import dataclass

AWS, MLFLOW = "AWS credentials", "MLflow credentials"
"""Secrets that a library finds by itself, in the environment and in the user's own files."""


@dataclass(frozen=True, order=True)
class Need:
    """One place that is connected to, read or written.

    Attributes
    ----------
    place : str
        The address of a server as in ``https://label.example.org``; ``s3://bucket`` at AWS, or a
        bucket of another store as in ``https://minio.example.org/bucket``; or a path, relative to
        the campaign unless it begins with ``/``.
    secret : str
        What is sent along: the name of an environment variable, `AWS`, `MLFLOW`, or empty for
        nothing secret.
    field : str
        Where it stands, as in ``params.yaml vendor.options.url``.
    """

    place: str
    secret: str = ""
    field: str = ""

    @property
    def is_path(self) -> bool:
        """Whether it is a file or folder."""
        return "://" not in self.place and not self.place.startswith(PLUGIN)


PLUGIN = "vendor:"
"""What the place of a vendor begins with that does not say where it connects to."""
