#!/bin/sh
# The same without pre-commit: copy it to .git/hooks/pre-commit and make it executable. Nothing leaves the machine.
set -eu
git diff --cached --quiet -- scenarios && exit 0
homologa contract check scenarios
homologa contract run scenarios --target embedded --fail-on blocker --quiet
