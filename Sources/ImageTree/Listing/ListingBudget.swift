import Synchronization

/// The memory limit of all listings of one image, shared by threads.
final class ListingBudget: Sendable {
    let byteCount: Int
    private let rest: Mutex<Int>

    init(byteCount: Int = LayerListing.byteLimit) {
        self.byteCount = byteCount
        rest = Mutex(byteCount)
    }

    /// - Throws: `ImageTreeError.tooLarge` when less is left.
    func spend(_ count: Int) throws(ImageTreeError) {
        let isEnough = rest.withLock { rest in
            guard count <= rest else { return false }
            rest -= count
            return true
        }
        guard isEnough else { throw .tooLarge(subject: "the image", byteCount: byteCount) }
    }
}
