internal import Glibc

/// Whether a host of a URL is this machine, by its text alone: what is sent there crosses no
/// network.
package enum LocalHost {
    /// - Parameter host: a name or an address, without brackets.
    package static func isLocal(_ host: String) -> Bool {
        if host.lowercased() == "localhost" { return true }
        var address = in_addr()
        if inet_pton(AF_INET, host, &address) == 1 {
            return UInt32(bigEndian: address.s_addr) >> 24 == 127
        }
        var longAddress = in6_addr()
        guard inet_pton(AF_INET6, host, &longAddress) == 1 else { return false }
        let bytes = withUnsafeBytes(of: longAddress) { Array($0) }
        return bytes.dropLast().allSatisfy { $0 == 0 } && bytes.last == 1
    }
}
