/// A table from hashes to indexes without keys: at most 16 bytes for each entry.
struct NameTable: Sendable {
    /// The slots; their number is a power of two, and `none` marks a free one.
    private var slots = [UInt32](repeating: ImageTree.none, count: 64)
    private var count = 0

    /// Whether it must grow before the next insertion.
    var isFull: Bool { 2 * (count + 1) > slots.count }

    /// The index with that hash for which `isIt` returns true.
    func find(_ hash: Int, _ isIt: (UInt32) -> Bool) -> UInt32? {
        var slot = hash & (slots.count - 1)
        while slots[slot] != ImageTree.none {
            if isIt(slots[slot]) { return slots[slot] }
            slot = (slot + 1) & (slots.count - 1)
        }
        return nil
    }

    /// Adds a new index.
    ///
    /// - Precondition: the table is not full.
    mutating func insert(_ hash: Int, _ index: UInt32) {
        precondition(!isFull)
        var slot = hash & (slots.count - 1)
        while slots[slot] != ImageTree.none { slot = (slot + 1) & (slots.count - 1) }
        slots[slot] = index
        count += 1
    }

    /// An empty table with twice the size.
    func doubled() -> NameTable {
        var table = NameTable()
        table.slots = [UInt32](repeating: ImageTree.none, count: 2 * slots.count)
        return table
    }
}
