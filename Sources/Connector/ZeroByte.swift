internal import Glibc

extension [UInt8] {
    /// Whether a zero byte stands in it, where a C client's text would end early.
    package var hasZeroByte: Bool {
        withUnsafeBytes { bytes in
            bytes.baseAddress.map { memchr($0, 0, bytes.count) != nil } ?? false
        }
    }
}
