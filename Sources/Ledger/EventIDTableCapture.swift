/// An `EventIDTable` as it stood at one moment.
struct EventIDTableCapture: Sendable {
    var count: Int
    var geometry: SlotTableGeometry
    /// In the order of `SlotTable.share()`.
    var slots: [MemoryPage]
}
