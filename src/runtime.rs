//! What a program without the standard library has to bring along: an allocator, and what to do when it panics.

/// A small allocator: the module is a few kilobytes and its allocations a few hundred bytes.
#[global_allocator]
static ALLOCATOR: rlsf::SmallGlobalTlsf = rlsf::SmallGlobalTlsf::new();

/// Traps. The loader discards the instance and starts a fresh one for the next call.
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}
