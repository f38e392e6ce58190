"""
`python -m dts_ee` does what `dts-ee` does.
"""

from dts_ee_command import run

if __name__ == "__main__":
    run()
