"""
The arguments of the commands that serve a model.
"""

import argparse
import re

_MAX_PORT = 65535


def add_server_arguments(parser: argparse.ArgumentParser, port: int) -> None:
    """
    Adds `--host`, `--port`, `--allowed-host` and `--cuda-device`.

    # Parameters

    parser : `argparse.ArgumentParser`
        The parser of the command.
    port : `int`
        The default port.
    """
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        help="the name or address to listen at (default = %(default)s, which other machines "
        "cannot reach; 0.0.0.0 is every address of this one)",
    )
    parser.add_argument(
        "--port",
        type=_port,
        default=port,
        help="the port (default = %(default)s; 0 is any free port)",
    )
    parser.add_argument(
        "--allowed-host",
        action="append",
        type=_host,
        default=[],
        metavar="NAME",
        help="a name by which clients call the server, without a port, such as nlp.example.org "
        "or *.example.org; may be given again. At a loopback address, localhost, 127.0.0.1 and "
        "[::1] are allowed anyway; at another one, all names are unless some are given",
    )
    parser.add_argument(
        "--cuda-device", type=int, default=-1, help="id of the GPU to use (default = none)"
    )


def _port(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or int(text) > _MAX_PORT:
        raise argparse.ArgumentTypeError(f"{text!r} is no port: it should be 0 to {_MAX_PORT}")
    return int(text)


def _host(text: str) -> str:
    name = text.removeprefix("*.")
    if text != "*" and (not name or re.search(r"[*/\s]|^[^:]*:\d*$|\]:", name)):
        raise argparse.ArgumentTypeError(
            f"{text!r} is no name: it should be as nlp.example.org or *.example.org, without a port"
        )
    return text
