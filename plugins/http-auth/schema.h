// SPDX-License-Identifier: Apache-2.0
// The JSON Schema (draft 4) that the host checks the settings against, before parse_settings sees them.
#pragma once

namespace dunlin::http_auth {

// Durations and sizes are let through as numbers too: parse_settings then says which unit is missing.
inline constexpr const char* kSettingsSchema = R"json({
  "$schema": "http://json-schema.org/draft-04/schema#",
  "type": "object",
  "required": ["url"],
  "additionalProperties": false,
  "properties": {
    "url": {"type": "string", "minLength": 1,
      "description": "Where to ask, http:// or https://. Placeholders after the host are percent-encoded"},
    "method": {"enum": ["GET", "POST", "PUT", "PATCH"], "description": "POST unless given"},
    "headers": {"type": "object", "additionalProperties": {"type": "string"},
      "description": "Request headers, name to template"},
    "body": {"type": "string",
      "description": "Request body. Unless given: {\"token\":{{token}}}, and none with GET"},
    "timeout": {"type": ["string", "integer"], "description": "Of one try; 3s unless given"},
    "retries": {"type": "integer", "minimum": 0, "maximum": 5,
      "description": "Further tries of one request after a failed connect, a time-out or a 5xx; 1 unless given"},
    "retry_budget": {"type": "object", "additionalProperties": false,
      "description": "Bounds all retries of a worker together",
      "properties": {
        "percent": {"type": "integer", "minimum": 0, "maximum": 100,
          "description": "Retries for each hundred requests; 10 unless given"},
        "burst": {"type": "integer", "minimum": 0, "maximum": 10000,
          "description": "Retries that may be saved up; 10 unless given"}}},
    "uid_field": {"type": "string", "minLength": 1,
      "description": "The uid in the reply: data.user.id, or a JSON Pointer /data/user/id; uid unless given"},
    "context_fields": {
      "description": "Fields kept in the connection's context: a list of names, or a map from name to place",
      "anyOf": [
        {"type": "array", "items": {"type": "string", "minLength": 1}},
        {"type": "object", "additionalProperties": {"type": "string", "minLength": 1}}]},
    "channels_field": {"type": "string", "minLength": 1,
      "description": "A list of channels in the reply that the connection joins at once"},
    "expires_field": {"type": "string", "minLength": 1,
      "description": "When the session ends, in seconds of Unix time"},
    "allow_status": {"type": "array", "minItems": 1, "items": {"type": ["integer", "string"]},
      "description": "Statuses whose body names the user; 2xx unless given"},
    "deny_status": {"type": "array", "items": {"type": ["integer", "string"]},
      "description": "Statuses that refuse the token; 401, 403, 404 unless given. Any other means: try later"},
    "connections": {"type": "integer", "minimum": 1, "maximum": 1024,
      "description": "Connections to the backend kept by each worker; 16 unless given"},
    "cache": {"type": "object", "additionalProperties": false,
      "description": "Remember answers, and let equal questions share one request. Off unless given",
      "properties": {
        "ttl": {"type": ["string", "integer"], "description": "How long a user is remembered; 10s unless given"},
        "deny_ttl": {"type": ["string", "integer"],
          "description": "How long a refusal is remembered; 0s, not at all, unless given"},
        "size": {"type": "integer", "minimum": 1, "maximum": 10000000,
          "description": "How many answers each worker remembers; 10000 unless given"}}},
    "breaker": {"type": "object", "additionalProperties": false,
      "description": "Stop asking a backend that is down",
      "properties": {
        "failures": {"type": "integer", "minimum": 1, "maximum": 1000000,
          "description": "Failures in a row that open it; 5 unless given"},
        "open": {"type": ["string", "integer"], "description": "How long nobody asks then; 5s unless given"}}},
    "verify_tls": {"type": "boolean",
      "description": "Verify the backend's certificate; true unless given. false is for development only"},
    "ca_file": {"type": "string", "minLength": 1,
      "description": "PEM file of the accepted authorities; the system's unless given"},
    "max_body": {"type": ["string", "integer"], "description": "The longest reply that is read; 64KiB unless given"}
  }
})json";

}  // namespace dunlin::http_auth
