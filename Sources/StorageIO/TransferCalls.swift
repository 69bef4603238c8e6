internal import Glibc

/// The two system calls that may transfer less than was asked for, or be interrupted: apart, so
/// that a test can make them do so.
struct TransferCalls: Sendable {
    typealias Read =
        @Sendable (_ descriptor: CInt, UnsafeMutableRawPointer, _ count: Int, _ offset: Int) -> Int
    typealias Write =
        @Sendable (_ descriptor: CInt, UnsafeRawPointer, _ count: Int, _ offset: Int) -> Int

    var read: Read = { pread($0, $1, $2, off_t($3)) }
    var write: Write = { pwrite($0, $1, $2, off_t($3)) }
}
