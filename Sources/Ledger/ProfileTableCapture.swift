/// A `ProfileTable` as it stood at one moment: pages that do not change while it is held.
struct ProfileTableCapture: Sendable {
    var count: Int
    var geometry: SlotTableGeometry
    /// In the order of `SlotTable.share()`; `slotCount` of them are in use.
    var slots: [MemoryPage]
    var slotCount: Int
    var ordinals: [MemoryPage]
    var records: [RecordArena.Page]
    var recordTail: Int
}
