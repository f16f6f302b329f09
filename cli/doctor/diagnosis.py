"""All checks, in the order in which they are shown."""

from pathlib import Path

from ferbench.cli.doctor import camera, files, machine, software
from ferbench.cli.doctor.check import Check


def diagnose(*, results: Path = Path("results"), camera_number: int | None = 0) -> list[Check]:
    """Look at the installation, the folders and the machine. Nothing is downloaded and nothing is left behind.

    Parameters
    ----------
    results : Path
        Where results would be written.
    camera_number : int or None
        The camera to open; None opens none.
    """
    checks = software.check_versions() + software.check_libraries() + software.check_extras()
    checks += [files.check_cache(), files.check_results(results), files.check_yunet()]
    checks += [machine.check_cores(), machine.check_memory(), machine.check_display()]
    return checks if camera_number is None else [*checks, camera.check_camera(camera_number)]
