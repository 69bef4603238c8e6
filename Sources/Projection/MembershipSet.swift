internal import CRoaring
package import SegmentModel

/// A set of profiles, as a Roaring bitmap, for questions. A value: copies do not see each other's
/// changes. The writer keeps its own containers (`MemberContainer`).
package struct MembershipSet: Sendable {
    /// Owns the C bitmap.
    private final class Storage: @unchecked Sendable {  // changed only while uniquely referenced
        let bitmap: UnsafeMutablePointer<roaring_bitmap_t>

        /// Takes the bitmap over; nil is an allocation that failed.
        init(_ bitmap: UnsafeMutablePointer<roaring_bitmap_t>?) {
            guard let bitmap else { fatalError("no memory for a Roaring bitmap") }
            self.bitmap = bitmap
        }

        deinit { roaring_bitmap_free(bitmap) }
    }

    private var storage = Storage(roaring_bitmap_create())

    package init() {}

    package var count: Int { Int(roaring_bitmap_get_cardinality(storage.bitmap)) }

    package var isEmpty: Bool { roaring_bitmap_is_empty(storage.bitmap) }

    package func contains(_ ordinal: ProfileOrdinal) -> Bool {
        roaring_bitmap_contains(storage.bitmap, ordinal.rawValue)
    }

    package mutating func insert(_ ordinals: ArraySlice<UInt32>) {
        makeUnique()
        ordinals.withUnsafeBufferPointer {
            roaring_bitmap_add_many(storage.bitmap, $0.count, $0.baseAddress)
        }
    }

    package mutating func remove(_ ordinals: ArraySlice<UInt32>) {
        makeUnique()
        ordinals.withUnsafeBufferPointer {
            roaring_bitmap_remove_many(storage.bitmap, $0.count, $0.baseAddress)
        }
    }

    package mutating func removeAll() {
        storage = Storage(roaring_bitmap_create())
    }

    /// The members of this set that `other` lacks.
    package func subtracting(_ other: MembershipSet) -> MembershipSet {
        var difference = MembershipSet()
        difference.storage = Storage(
            roaring_bitmap_andnot(storage.bitmap, other.storage.bitmap))
        return difference
    }

    /// Calls `body` with the ordinals, ascending, in runs of at most `runLength`.
    package func forEachRun(
        of runLength: Int = 4096, _ body: (UnsafeBufferPointer<UInt32>) throws -> Void
    ) rethrows {
        precondition(runLength > 0, "a run holds at least one ordinal")
        let buffer = UnsafeMutableBufferPointer<UInt32>.allocate(capacity: runLength)
        let iterator = roaring_create_iterator(storage.bitmap)
        defer {
            roaring_free_uint32_iterator(iterator)
            buffer.deallocate()
        }
        while true {
            let count = roaring_read_uint32_iterator(
                iterator, buffer.baseAddress, UInt32(runLength))
            if count == 0 { return }
            try body(UnsafeBufferPointer(rebasing: buffer[..<Int(count)]))
        }
    }

    /// The ordinals, ascending.
    package var ordinals: [UInt32] {
        let bitmap = storage.bitmap
        return [UInt32](unsafeUninitializedCapacity: count) { buffer, count in
            roaring_bitmap_to_uint32_array(bitmap, buffer.baseAddress)
            count = Int(roaring_bitmap_get_cardinality(bitmap))
        }
    }

    private mutating func makeUnique() {
        if isKnownUniquelyReferenced(&storage) { return }
        storage = Storage(roaring_bitmap_copy(storage.bitmap))
    }
}

extension MembershipSet: Equatable {
    package static func == (left: MembershipSet, right: MembershipSet) -> Bool {
        roaring_bitmap_equals(left.storage.bitmap, right.storage.bitmap)
    }
}

extension MembershipSet {
    /// Adds a container's members.
    ///
    /// - Throws: `projectionInvalid` for bytes that are not exactly the container of `key`.
    mutating func formUnion(containerBytes bytes: UnsafeRawBufferPointer, key: UInt16) throws {
        // CRoaring trusts what it reads, down to writing past a buffer: checked before.
        _ = try MemberContainer(decoding: bytes, key: key)
        let text = bytes.bindMemory(to: CChar.self)
        let container = Storage(
            roaring_bitmap_portable_deserialize_safe(text.baseAddress, text.count))
        makeUnique()
        roaring_bitmap_or_inplace(storage.bitmap, container.bitmap)
    }
}
