internal import Glibc

/// An array of C strings with a null pointer at its end, as C libraries take them.
final class CStringArray {
    private var pointers: [UnsafePointer<CChar>?]
    private let storage: UnsafeMutablePointer<UnsafePointer<CChar>?>

    init(_ strings: [String]) {
        pointers = strings.map { UnsafePointer(strdup($0)) } + [nil]
        storage = .allocate(capacity: pointers.count)
        storage.initialize(from: pointers, count: pointers.count)
    }

    deinit {
        for case let pointer? in pointers { free(UnsafeMutableRawPointer(mutating: pointer)) }
        storage.deallocate()
    }

    /// Valid as long as the array lives.
    var pointer: UnsafePointer<UnsafePointer<CChar>?> { UnsafePointer(storage) }
}
