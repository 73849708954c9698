import ImageStore
import JSON
import OCI

/// Compares two images: documents, layers and files. Layers that differ are read; layers below them
/// are read only when their files affect the result.
public struct ImageComparison {
    private let lister: ImageLister
    private let digests: ImageLister
    private let ignored: Set<ImageAspect>
    private let comparesFiles: Bool

    /// - Parameters:
    ///   - lister: lists without digests of contents.
    ///   - digests: lists with digests of contents.
    public init(
        _ lister: ImageLister, digests: ImageLister, ignoring ignored: Set<ImageAspect>,
        comparesFiles: Bool
    ) {
        self.lister = lister
        self.digests = digests
        self.ignored = ignored
        self.comparesFiles = comparesFiles
    }

    /// - Returns: documents first, then layers, then files by their paths.
    /// - Throws: what reading the layers throws, and `JSONError` for the documents.
    public func differences(_ first: Image, _ second: Image) throws -> [ImageDifference] {
        var documents = DocumentComparison(ignoring: ignored)
        try documents.compare(first, second)
        for (index, pair) in zip(first.manifest.layers, second.manifest.layers).enumerated() {
            documents.compareLayers(pair.0, pair.1, at: index)
        }
        let isImage = [first, second].allSatisfy { $0.manifest.config.mediaType.isImageConfig }
        let layers =
            isImage
            ? (try ImageLayer.all(of: first), try ImageLayer.all(of: second)) : ([], [])
        if isImage {
            try compareLayers(layers.0, layers.1, first, second, &documents)
        } else {
            compareBlobs(first, second, &documents)
        }
        if documents.differences.isEmpty { documents.compareBytes(first, second) }
        if comparesFiles, layers.0.map(\.tarDigest) != layers.1.map(\.tarDigest) {
            return documents.differences + (try compareFiles(layers.0, layers.1, first, second))
        }
        return documents.differences
    }

    // MARK: Layers

    private func compareLayers(
        _ first: [ImageLayer], _ second: [ImageLayer], _ one: Image, _ other: Image,
        _ documents: inout DocumentComparison
    ) throws {
        for index in 0..<max(first.count, second.count) {
            let left = index < first.count ? first[index] : nil
            let right = index < second.count ? second[index] : nil
            if let left, let right, left.descriptor.digest == right.descriptor.digest {
                documents.compareDiffIDs(left.diffID, right.diffID, at: index)
                continue
            }
            let change: ImageDifference.Change =
                left == nil
                ? .added
                : right == nil
                    ? .removed : left?.tarDigest == right?.tarDigest ? .compression : .changed
            if change == .changed, let left, let right,
                ignored.contains(.time) || ignored.contains(.order),
                try holdTheSame(left, right, one, other)
            {
                continue
            }
            documents.add(
                ImageDifference(
                    subject: .layer(index + 1), change: change,
                    first: (left?.descriptor.document).map { .object($0) },
                    second: (right?.descriptor.document).map { .object($0) }))
        }
    }

    /// Whether two layers have the same entries, apart from ignored aspects.
    private func holdTheSame(
        _ left: ImageLayer, _ right: ImageLayer, _ one: Image, _ other: Image
    ) throws -> Bool {
        func items(_ layer: ImageLayer, _ image: Image) throws -> [[UInt8]] {
            let listing = try digests.listings(of: [layer], image)[0]
            var items: [[UInt8]] = []
            try listing.visitAll { item, _ in
                var item = item
                if ignored.contains(.time) {
                    item.entry.modificationTime = 0
                    item.entry.modificationNanoseconds = 0
                }
                var bytes: [UInt8] = []
                bytes.append(text: item.entry.path)
                item.appendAttributes(to: &bytes)
                items.append(bytes)
            }
            if ignored.contains(.order) { items.sort { $0.lexicographicallyPrecedes($1) } }
            return items
        }
        return try items(left, one) == items(right, other)
    }

    /// Compares the blobs of artifacts.
    private func compareBlobs(
        _ first: Image, _ second: Image, _ documents: inout DocumentComparison
    ) {
        let (left, right) = (first.manifest.layers, second.manifest.layers)
        for index in 0..<max(left.count, right.count) {
            let one = index < left.count ? left[index] : nil
            let other = index < right.count ? right[index] : nil
            if one?.digest == other?.digest { continue }
            documents.add(
                ImageDifference(
                    subject: .layer(index + 1),
                    change: one == nil ? .added : other == nil ? .removed : .changed,
                    first: (one?.document).map { .object($0) },
                    second: (other?.document).map { .object($0) }))
        }
    }

    // MARK: Files

    private func compareFiles(
        _ first: [ImageLayer], _ second: [ImageLayer], _ one: Image, _ other: Image
    ) throws -> [ImageDifference] {
        let shared = zip(first, second).prefix { $0.tarDigest == $1.tarDigest }.count
        let upper = try listings(Array(first[shared...]), Array(second[shared...]), one, other)
        if shared > 0, try LayerCoverage.areAlike(upper.0, upper.1) {
            // The layers below make no difference, so they are taken as empty.
            let empty = [LayerListing](
                repeating: LayerListing(hasContentDigests: true), count: shared)
            return try compare(empty + upper.0, empty + upper.1, first, second).differences
        }
        let below = try lister.listings(of: Array(first[..<shared]), one)
        let comparison = try compare(below + upper.0, below + upper.1, first, second)
        guard comparison.lacksDigests else { return comparison.differences }
        let read = try digests.listings(of: Array(first[..<shared]), one)
        return try compare(read + upper.0, read + upper.1, first, second).differences
    }

    /// Listings with digests for layers of both images, made at the same time; a layer in both
    /// images is read once.
    private func listings(
        _ first: [ImageLayer], _ second: [ImageLayer], _ one: Image, _ other: Image
    ) throws -> ([LayerListing], [LayerListing]) {
        let known = Set(first.map(\.listingKey))
        let own = second.filter { !known.contains($0.listingKey) }
        let read = try concurrently([(first, one), (own, other)]) { [digests] side, _ in
            try digests.listings(of: side.0, side.1)
        }
        let listings = Dictionary(
            zip((first + own).map(\.listingKey), read[0] + read[1])
        ) { listing, _ in listing }
        return (
            first.compactMap { listings[$0.listingKey] },
            second.compactMap { listings[$0.listingKey] }
        )
    }

    private func compare(
        _ left: [LayerListing], _ right: [LayerListing], _ first: [ImageLayer],
        _ second: [ImageLayer]
    ) throws -> FileComparison {
        // Records may be compared by position only within the same listing.
        struct Origin: Hashable {
            let layer: Digest
            let table: Digest?
            let hasContentDigests: Bool
        }
        var numbers: [Origin: Int] = [:]
        func number(_ layer: ImageLayer, _ listing: LayerListing) -> Int {
            let origin = Origin(
                layer: layer.tarDigest, table: listing.table,
                hasContentDigests: listing.hasContentDigests)
            let number = numbers[origin] ?? numbers.count
            numbers[origin] = number
            return number
        }
        var trees = (ImageTree(), ImageTree())
        for listing in left { try trees.0.apply(listing) }
        for listing in right { try trees.1.apply(listing) }
        var comparison = FileComparison(
            trees.0, trees.1,
            layers: (zip(first, left).map(number), zip(second, right).map(number)),
            ignoresTime: ignored.contains(.time))
        try comparison.run()
        return comparison
    }
}

/// The paths that layers affect.
enum LayerCoverage {
    /// Whether two stacks of layers have entries at the same paths and delete nothing, so that the
    /// layers below make no difference.
    static func areAlike(
        _ first: [LayerListing], _ second: [LayerListing]
    ) throws(ImageTreeError) -> Bool {
        guard let left = try paths(first), let right = try paths(second) else { return false }
        return left == right
    }

    /// - Returns: nil when the layers below make a difference: with whiteouts, links to their
    ///   files, or directories without an entry.
    private static func paths(_ listings: [LayerListing]) throws(ImageTreeError) -> Set<[UInt8]>? {
        var paths: Set<[UInt8]> = [[]]
        var isAlone = true
        for listing in listings {
            try listing.visit { (item, _) throws(ImageTreeError) in
                let path = item.entry.path
                let parent = path.lastIndex(of: UInt8(ascii: "/")).map { path[..<$0] } ?? []
                if item.action != .entry || !paths.contains(Array(parent))
                    || item.entry.kind == .hardLink && !paths.contains(item.entry.linkTarget)
                {
                    isAlone = false
                }
                paths.insert(path)
            }
        }
        return isAlone ? paths : nil
    }
}
