import Hashing
import OCI
import ToolSupport

/// The images of an index as a table; the report shows one of them in full below it.
struct PlatformTable {
    private let images: [Image]
    private let style: ReportStyle
    /// The image for this machine, or else the first.
    let shown: Int

    /// - Parameter images: at least one.
    init(_ images: [Image], style: ReportStyle) {
        self.images = images
        self.style = style
        let ranked = images.enumerated().compactMap { offset, image in
            image.shownPlatform?.rank(for: .current).map { (rank: $0, offset: offset) }
        }
        shown = ranked.min { $0.rank < $1.rank }?.offset ?? 0
    }

    /// The lines, each with its newline.
    var text: String {
        var table = TextTable([.left, .left, .right, .right, .left])
        table.append(["PLATFORM", "DIGEST", "LAYERS", "SIZE", ""])
        for (offset, image) in images.enumerated() {
            let digest = image.storedDigest ?? Digest.of(image.manifest.storedBytes)
            let layers = image.manifest.layers
            table.append([
                Printable.line(image.shownPlatform?.description ?? "unknown"),
                style.isFull ? digest.description : String(digest.encoded.prefix(12)),
                String(layers.count), humanReadable(layers.byteCount),
                offset == shown ? "shown below" : "",
            ])
        }
        let lines = table.lines(width: style.tableWidth)
        return lines.enumerated().map { ($0 == 0 ? style.bold($1) : $1) + "\n" }.joined()
    }
}

extension [Descriptor] {
    /// The total number of bytes.
    var byteCount: Int64 {
        reduce(0) { sum, descriptor in
            let (total, overflow) = sum.addingReportingOverflow(descriptor.size)
            return overflow ? .max : total
        }
    }
}

extension Image {
    /// The platform in the index entry, or else in the config; nil without both.
    fileprivate var shownPlatform: Platform? {
        if let stated = manifest.entry?.platform, !stated.isMissing { return stated }
        do {
            return try config().platform()
        } catch {
            return nil
        }
    }
}
