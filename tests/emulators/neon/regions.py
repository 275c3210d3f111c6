# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The regions the local Neon pretends to have: the service's AWS regions. Every one of them is this machine."""

from __future__ import annotations

DEFAULT_REGION = "aws-us-east-2"
_AWS = (
    ("aws-us-east-1", "AWS US East 1 (N. Virginia)", "38.13", "-78.45"),
    ("aws-us-east-2", "AWS US East 2 (Ohio)", "39.96", "-83"),
    ("aws-us-west-2", "AWS US West 2 (Oregon)", "46.15", "-123.88"),
    ("aws-eu-central-1", "AWS Europe Central 1 (Frankfurt)", "50", "8"),
    ("aws-eu-west-2", "AWS Europe West 2 (London)", "51", "-0.1"),
    ("aws-ap-southeast-1", "AWS Asia Pacific 1 (Singapore)", "1.37", "103.8"),
    ("aws-ap-southeast-2", "AWS Asia Pacific 2 (Sydney)", "-33.86", "151.2"),
    ("aws-sa-east-1", "AWS South America East 1 (São Paulo)", "-23.55", "-46.63"),
)
REGIONS = [
    {"region_id": region, "name": name, "default": region == DEFAULT_REGION, "geo_lat": latitude, "geo_long": longitude}
    for region, name, latitude, longitude in _AWS
]
