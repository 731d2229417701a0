#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""purity.py LIBRARY...: what base/ and model/ call beside each other is computation: no clock, socket, file, environment, log or lock."""
import re
import subprocess
import sys

ALLOWED = re.compile(r"""
    mem(cpy|move|set|cmp|chr|rchr|mem) | str(len|nlen|cmp|ncmp|chr|rchr|str|spn|cspn|pbrk) | raw?memchr
    | malloc | calloc | realloc | free | qsort | bsearch
    | (v?snprintf) | __(v?snprintf|mem(cpy|move|set)|str(cpy|cat))_chk
    | (exp|exp2|log|log2|log10|pow|sqrt|sin|cos|tan|asin|acos|atan|atan2|fabs|floor|ceil|round|lround|fmax|fmin|fmod|hypot|cosh|sinh|trunc
       |ldexp|frexp|expm1|log1p|modf|lrint|llround|rint|nearbyint)f?
    | fmaf? | inet_(pton|ntop) | strerrordesc_np | __popcount[sd]i2
    | __stack_chk_fail | _GLOBAL_OFFSET_TABLE_ | __ctype_\w+ | __isnan | __isinf
    """, re.VERBOSE)


def symbols(library, *options):
    listed = subprocess.run(["nm", *options, library], check=True, capture_output=True, text=True).stdout
    member = ""
    for line in listed.splitlines():
        if line.endswith(":"):
            member = line[:-1]
        elif line.strip():
            yield member, line.split()[-1]


def main(libraries):
    defined = {name for library in libraries for _, name in symbols(library, "--defined-only", "--extern-only")}
    faults = [f"{library}: {member} calls {name}" for library in libraries
              for member, name in symbols(library, "--undefined-only")
              if name not in defined and not ALLOWED.fullmatch(name)]
    for fault in faults:
        print(fault)
    if not defined:
        print("no symbol found: nothing was checked")
    return bool(faults) or not defined


sys.exit(main(sys.argv[1:]))
