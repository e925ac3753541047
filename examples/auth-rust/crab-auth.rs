// SPDX-License-Identifier: Apache-2.0
//! crab-auth: an auth plugin in Rust, by rustc alone, without a crate. "crab-<digits>" is the user <digits>.
//!
//!     rustc --edition 2021 --crate-type cdylib -C opt-level=2 -C panic=abort -o crab-auth.so crab-auth.rs
#![allow(non_camel_case_types)]

use std::ffi::{c_char, c_void, CStr};

// plugin-api/include/dunlin, as far as it is used here.

#[repr(C)]
#[derive(Clone, Copy)]
struct dunlin_str { data: *const c_char, size: usize }

#[repr(C)]
struct dunlin_uid { text: dunlin_str, kind: u32, reserved: u32 }

#[repr(C)]
struct dunlin_identity {
    uid: dunlin_uid,
    context: *const c_void,
    context_count: usize,
    channels: *const dunlin_str,
    channel_count: usize,
    expires_at_ms: i64,
}

#[repr(C)]
struct dunlin_answer { identity: *const dunlin_identity, reason: dunlin_str }

#[repr(C)]
struct dunlin_credentials { token: dunlin_str, source: u32, reserved: u32 }

#[repr(C)]
struct dunlin_host {
    name: *const c_char,
    version: *const c_char,
    get_extension: extern "C" fn(*const dunlin_host, *const c_char) -> *const c_void,
}

#[repr(C)]
struct dunlin_ticket_api {
    answer: extern "C" fn(*const dunlin_host, u64, i32, *const dunlin_answer) -> i32,
}

#[repr(C)]
struct dunlin_auth {
    check: extern "C" fn(*mut Instance, u64, *const dunlin_credentials, u64) -> i32,
    cancel: Option<extern "C" fn(*mut Instance, u64, i32)>,
}

#[repr(C)]
struct dunlin_module {
    name: *const c_char,
    version: *const c_char,
    summary: *const c_char,
    settings_schema: *const c_char,
    required: *const *const c_char,
    configure: extern "C" fn(*const dunlin_host, dunlin_str, *mut *mut c_void) -> i32,
    discard: extern "C" fn(*mut c_void),
    create: extern "C" fn(*const dunlin_host, *const c_void, *mut *mut Instance) -> i32,
    destroy: extern "C" fn(*mut Instance),
    get_interface: extern "C" fn(*const c_char) -> *const c_void,
}

#[repr(C)]
pub struct dunlin_plugin { magic: u32, abi_major: u32, abi_minor: u32, reserved: u32, module: *const dunlin_module }

// Constants that hold pointers to constants: nothing writes to them.
struct Required([*const c_char; 2]);
unsafe impl Sync for Required {}
unsafe impl Sync for dunlin_module {}
unsafe impl Sync for dunlin_plugin {}

const OK: i32 = 0;
const PASS: i32 = 0;
const ALLOW: i32 = 1;
const DENY: i32 = 2;
const PENDING: i32 = 3;
const UID_NUMBER: u32 = 1;
const TICKET: *const c_char = b"dunlin.ticket/1\0".as_ptr() as *const c_char;

// One a worker.
struct Instance { host: *const dunlin_host, tickets: *const dunlin_ticket_api }

extern "C" fn configure(_: *const dunlin_host, _: dunlin_str, out: *mut *mut c_void) -> i32 {
    unsafe { *out = std::ptr::null_mut() };
    OK
}

extern "C" fn discard(_: *mut c_void) {}

extern "C" fn create(host: *const dunlin_host, _: *const c_void, out: *mut *mut Instance) -> i32 {
    unsafe {
        let tickets = ((*host).get_extension)(host, TICKET) as *const dunlin_ticket_api;
        *out = Box::into_raw(Box::new(Instance { host, tickets }));
    }
    OK
}

extern "C" fn destroy(instance: *mut Instance) {
    drop(unsafe { Box::from_raw(instance) });
}

/// What stands behind the prefix; `None`: not our token.
fn claimed(token: &[u8]) -> Option<&[u8]> {
    token.strip_prefix(b"crab-")
}

extern "C" fn check(instance: *mut Instance, _: u64, credentials: *const dunlin_credentials, ticket: u64) -> i32 {
    let (instance, given) = unsafe { (&*instance, (*credentials).token) };
    if given.size == 0 {
        return PASS;
    }
    let token = unsafe { std::slice::from_raw_parts(given.data as *const u8, given.size) };
    let digits = match claimed(token) {
        Some(digits) => digits,
        None => return PASS,
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return DENY;
    }
    let none = dunlin_str { data: std::ptr::null(), size: 0 };
    let identity = dunlin_identity {
        uid: dunlin_uid { text: dunlin_str { data: digits.as_ptr() as *const c_char, size: digits.len() }, kind: UID_NUMBER, reserved: 0 },
        context: std::ptr::null(),
        context_count: 0,
        channels: std::ptr::null(),
        channel_count: 0,
        expires_at_ms: 0,
    };
    let answer = dunlin_answer { identity: &identity, reason: none };
    unsafe { ((*instance.tickets).answer)(instance.host, ticket, ALLOW, &answer) };
    PENDING
}

static AUTH: dunlin_auth = dunlin_auth { check, cancel: None };

extern "C" fn get_interface(id: *const c_char) -> *const c_void {
    match unsafe { CStr::from_ptr(id) }.to_bytes() {
        b"dunlin.auth/1" => &AUTH as *const dunlin_auth as *const c_void,
        _ => std::ptr::null(),
    }
}

static REQUIRED: Required = Required([TICKET, std::ptr::null()]);

static MODULE: dunlin_module = dunlin_module {
    name: b"crab-auth\0".as_ptr() as *const c_char,
    version: b"1.0\0".as_ptr() as *const c_char,
    summary: b"crab-<digits> is the user <digits>\0".as_ptr() as *const c_char,
    settings_schema: b"{\"type\": \"object\", \"additionalProperties\": false}\0".as_ptr() as *const c_char,
    required: &REQUIRED.0 as *const *const c_char,
    configure,
    discard,
    create,
    destroy,
    get_interface,
};

#[no_mangle]
pub static dunlin_plugin_v1: dunlin_plugin =
    dunlin_plugin { magic: 0x4e4c4e44, abi_major: 1, abi_minor: 0, reserved: 0, module: &MODULE };
