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
        let equivalent = try equivalentLayers(first, second, one, other)
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
            if equivalent.contains(index) { continue }
            documents.add(
                ImageDifference(
                    subject: .layer(index + 1), change: change,
                    first: (left?.descriptor.document).map { .object($0) },
                    second: (right?.descriptor.document).map { .object($0) }))
        }
    }

    /// The indexes of layers that differ, but not apart from ignored aspects.
    private func equivalentLayers(
        _ first: [ImageLayer], _ second: [ImageLayer], _ one: Image, _ other: Image
    ) throws -> Set<Int> {
        guard ignored.contains(.time) || ignored.contains(.order) else { return [] }
        var equivalent: Set<Int> = []
        var reordered: Set<Int> = []
        for (index, (left, right)) in zip(first, second).enumerated()
        where left.descriptor.digest != right.descriptor.digest
            && left.tarDigest != right.tarDigest
        {
            let items = (try items(of: left, one), try items(of: right, other))
            if items.0.map(\.bytes) == items.1.map(\.bytes) {
                equivalent.insert(index)
            } else if ignored.contains(.order),
                items.0.stablySorted(by: \.path) == items.1.stablySorted(by: \.path)
            {
                reordered.insert(index)
            }
        }
        if try haveSameEffect(reordered, first, second, one, other) {
            equivalent.formUnion(reordered)
        }
        return equivalent
    }

    private struct Item: Equatable {
        let path: [UInt8]
        /// Path and attributes.
        let bytes: [UInt8]
    }

    /// The entries of a layer, without ignored aspects.
    private func items(of layer: ImageLayer, _ image: Image) throws -> [Item] {
        var items: [Item] = []
        try digests.listings(of: [layer], image)[0].visitAll { item, _ in
            var item = item
            if ignored.contains(.time) {
                item.entry.modificationTime = 0
                item.entry.modificationNanoseconds = 0
            }
            var bytes: [UInt8] = []
            bytes.append(text: item.entry.path)
            item.appendAttributes(to: &bytes)
            items.append(Item(path: item.entry.path, bytes: bytes))
        }
        return items
    }

    /// Whether each image has the same files with the other one's layers in place of its own.
    ///
    /// The order of entries matters for entries of one path, for hard links and what they link to,
    /// for whiteouts, and for entries behind links.
    ///
    /// - Parameter indexes: of layers with the same entries in another order.
    private func haveSameEffect(
        _ indexes: Set<Int>, _ first: [ImageLayer], _ second: [ImageLayer], _ one: Image,
        _ other: Image
    ) throws -> Bool {
        func mixed(_ layers: [ImageLayer], _ others: [ImageLayer]) -> [ImageLayer] {
            layers.enumerated().map {
                indexes.contains($0.offset) ? others[$0.offset] : $0.element
            }
        }
        if indexes.isEmpty { return true }
        let mixture = mixed(first, second)
        do {
            guard try compareFiles(first, mixture, one, other).isEmpty else { return false }
            if mixture.map(\.tarDigest) == second.map(\.tarDigest) { return true }
            return try compareFiles(second, mixed(second, first), other, one).isEmpty
        } catch ImageTreeError.refused {
            // In one of the orders, the layers cannot be applied.
            return false
        }
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

extension Array {
    /// The elements in byte order of their keys; elements with equal keys keep their order.
    func stablySorted(by key: (Element) -> [UInt8]) -> [Element] {
        enumerated().map { (key: key($0.element), offset: $0.offset, element: $0.element) }
            .sorted { left, right in
                left.key == right.key
                    ? left.offset < right.offset : left.key.lexicographicallyPrecedes(right.key)
            }
            .map(\.element)
    }
}
