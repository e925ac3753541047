# SPDX-License-Identifier: Apache-2.0
"""What the end-to-end tests are written in. docs/testing.md explains the words."""
