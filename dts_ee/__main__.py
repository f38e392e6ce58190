"""`python -m dts_ee` is the same as `dts-ee`."""

from dts_ee_command import run

if __name__ == "__main__":
    run()
