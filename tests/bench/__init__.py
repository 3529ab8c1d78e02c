"""Benchmarks: each module runs alone, and prints one JSON line for a figure."""

from __future__ import annotations

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
django.setup()
