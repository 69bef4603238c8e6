/// The event ids that the ledger has seen, each as a keyed hash of 128 bits (docs/decisions/0003):
/// 20 to 25 bytes an id, however long it is.
struct EventIDTable: ~Copyable {
    private let hash: SipHash
    private(set) var slots: SlotTable<UInt128>

    init(seed: UInt64, pool: PagePool) {
        hash = SipHash(seed: seed)
        slots = SlotTable(pool: pool, geometry: SlotTableGeometry(isDense: true))
    }

    var count: Int { slots.count }

    /// Asks for the place of an event id, to be taken soon.
    func prefetch(_ id: UnsafeRawBufferPointer) { prefetch(slot: slot(id)) }

    func prefetch(slot: UInt128) { slots.prefetch(UInt32(truncatingIfNeeded: slot >> 96)) }

    /// What stands for an event id.
    func slot(_ id: UnsafeRawBufferPointer) -> UInt128 {
        // 0 is an empty slot.
        hash(id) | 1
    }

    /// Takes an event id; false if it is there already.
    mutating func insert(_ id: UnsafeRawBufferPointer) -> Bool {
        insert(slot: slot(id))
    }

    /// Takes what stands for an event id; false if it is there already.
    mutating func insert(slot: UInt128) -> Bool {
        var cursor = slots.cursor(UInt32(truncatingIfNeeded: slot >> 96))
        while cursor.slot != 0 {
            if cursor.slot == slot { return false }
            cursor.advance()
        }
        slots.insert(slot, at: cursor)
        return true
    }

    // MARK: Captures

    mutating func share() -> EventIDTableCapture {
        EventIDTableCapture(
            count: slots.count, geometry: slots.geometry, slots: slots.share())
    }

    init(seed: UInt64, pool: PagePool, stored: EventIDTableCapture) {
        hash = SipHash(seed: seed)
        slots = SlotTable(
            pool: pool, geometry: stored.geometry, count: stored.count, stored: stored.slots)
    }
}
