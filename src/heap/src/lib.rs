//! Memory that was freed, given back to the system.
//!
//! glibc keeps what a program frees for the next time that it wants as much. It learns by the largest block
//! how much that may be, and a worker that once sent a long list keeps megabytes for ever. Whether the next
//! list is a moment away or a day, the allocator can't know; its caller does.
//!
//! This is a package of its own because it calls a function of C, which the compiler can't check: all other
//! code of ours forbids that.

#![deny(unsafe_code)]
#![warn(missing_docs)]

/// Gives back to the system what this process has freed: whole pages, wherever they lie. Takes a tenth of
/// a millisecond, and whoever needs as much again pays for new pages; so this is for when nothing is to do.
///
/// Does nothing where the C library is not glibc: musl gives back by itself.
pub fn give_back() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    glibc::malloc_trim(0);
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod glibc {
    use std::ffi::c_int;

    // SAFETY: malloc_trim(3) is declared so in malloc.h of glibc, which Rust's standard library links on
    // this target. It takes a number, keeps nothing of its caller's, may be called by any thread at any
    // time ("MT-Safe"), and touches only memory that the allocator holds and nobody uses; so any call of
    // it is sound.
    #[allow(unsafe_code)]
    unsafe extern "C" {
        pub(super) safe fn malloc_trim(pad: usize) -> c_int;
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    /// Resident memory of this process, in KiB.
    fn resident() -> u64 {
        let status = fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let words = line.unwrap().trim().trim_end_matches("kB");
        words.trim().parse().unwrap()
    }

    #[test]
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    fn what_was_freed_below_something_that_is_used_is_given_back() {
        // Below the size that glibc maps apart, so that they lie in the heap one beside the other.
        let mut blocks: Vec<Vec<u8>> = (0..1_000).map(|_| vec![1; 64 << 10]).collect();
        let last = blocks.pop();
        drop(blocks);
        let kept = resident();
        super::give_back();
        let left = resident();
        assert!(left + (32 << 10) < kept, "{kept} KiB before, {left} after");
        drop(last);
    }
}
