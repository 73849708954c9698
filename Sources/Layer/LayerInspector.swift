import ByteStream
import Hashing
import OCI
import Tar

/// Detects the kind of a layer as its bytes pass, and checks that the layer is complete.
///
/// - A zstd layer with the mark of `oci-zstd` is parsed frame by frame up to its trailer; a chunked
///   one up to its footer, which must agree with the trailer, the table and tar-split.
/// - Any other zstd or gzip stream or plain tar is decompressed and checked to the end of the
///   archive, and its diffID is computed.
/// - Other bytes are not checked.
///
/// - Spec: docs/design.md, "A broken pipe never becomes an image"; image-spec v1.1.1, layer.md.
public final class LayerInspector {
    /// Receives the uncompressed tar as it passes, before it is verified.
    public typealias ContentConsumer = (UnsafeRawBufferPointer) throws(LayerError) -> Void

    /// The kind of the bytes.
    public struct Result: Hashable, Sendable {
        public let mediaType: MediaType
        public let content: Content
        /// The table of a zstd:chunked layer of any writer.
        public var table: ChunkedTable?
    }

    /// The uncompressed content of a layer.
    public enum Content: Hashable, Sendable {
        /// Not a layer.
        case opaque
        /// The bytes themselves are the tar.
        case same
        /// nil when it is not computed.
        case tar(diffID: Digest?)
    }

    private enum Kind {
        /// Too few bytes to decide.
        case unknown
        case zstdWithTrailer
        case zstd(ContentChecker)
        case gzip(ContentChecker)
        case tar(TarChecker)
        /// Only zeros so far: an empty tar, or other bytes that begin with zeros.
        case zeros
        case opaque
    }

    private let path: Path
    private let declared: MediaType?
    private let verifiesLayer: Bool
    private let isEndProved: Bool
    private let hashesContent: Bool
    private let consume: ContentConsumer?
    private var kind = Kind.unknown
    private var head: [UInt8] = []
    private var frames: FrameFollower
    private var byteCount: Int64 = 0

    /// - Parameters:
    ///   - declared: the media type by the user. Bytes of a type that is not a layer's are not
    ///     checked.
    ///   - verifiesLayer: whether a layer with a trailer is decompressed and checked against it.
    ///   - isEndProved: whether something else, such as a digest, proves that the bytes are
    ///     complete. Then empty input, plain or compressed, is a layer without entries.
    ///   - hashesContent: whether the digest of the decompressed layer is computed, and compared
    ///     with that of a trailer.
    ///   - consume: receives the decompressed layer, and must check that it is a complete tar. Then
    ///     only layers are accepted, and every layer is verified.
    public init(
        path: Path = .standardInput, declared: MediaType? = nil, verifiesLayer: Bool,
        isEndProved: Bool = false, hashesContent: Bool = true, consume: ContentConsumer? = nil
    ) {
        self.isEndProved = isEndProved
        self.hashesContent = hashesContent
        self.path = path
        self.declared = declared
        self.verifiesLayer = verifiesLayer || consume != nil
        self.consume = consume
        frames = FrameFollower(path: path)
        if let declared, declared.layerCompression == nil { kind = .opaque }
    }

    /// - Throws: `LayerError` as soon as the bytes contradict their detected format.
    public func update(_ bytes: UnsafeRawBufferPointer) throws(LayerError) {
        byteCount += Int64(bytes.count)
        guard case .unknown = kind else { return try follow(bytes) }
        head.append(contentsOf: bytes)
        try recognise(isEnd: false)
    }

    /// States that no more bytes will come.
    ///
    /// - Throws: `LayerError` when they are truncated or of another type than declared.
    public func finish() throws(LayerError) -> Result {
        if isEndProved, byteCount == 0, consume != nil { return result(.none, .same) }
        if case .unknown = kind { try recognise(isEnd: true) }
        switch kind {
        case .unknown, .opaque:
            if consume != nil { throw .notLayer(path: path) }
            return Result(mediaType: declared ?? .octetStream, content: .opaque)
        case .zeros:
            // An archive without entries has only the end marker.
            if byteCount >= (isEndProved ? 1 : 2) * tarBlockByteCount {
                try refuseIfDeclared(other: LayerCompression.none, found: "an uncompressed tar")
                return result(.none, .same)
            }
            throw .tar(.cut(path: path, offset: byteCount))
        case .zstdWithTrailer:
            try frames.finish()
            return zstdResult(try markedTrailer().tar.digest)
        case .zstd(let content):
            try frames.finish()
            let tar = try content.finish()
            if let tar, let trailer = frames.trailer ?? frames.tail.trailer, trailer.tar != tar {
                throw .trailerMismatch(
                    path: path, claimed: trailer.tar.digest, actual: tar.digest)
            }
            if frames.isMarked == true { _ = try markedTrailer() }
            return zstdResult(tar?.digest)
        case .gzip(let content):
            return result(.gzip, .tar(diffID: try content.finish()?.digest))
        case .tar(let tar):
            if consume == nil { try tar.finish() }
            return result(.none, .same)
        }
    }

    private func zstdResult(_ diffID: Digest?) -> Result {
        var result = result(.zstd, .tar(diffID: diffID))
        result.table = frames.tail.table
        return result
    }

    /// Checks the structure that the mark announces: one frame and one trailer, nothing else; in a
    /// chunked stream frames with data, then the trailer, the table, tar-split and the footer.
    private func markedTrailer() throws(LayerError) -> LayerTrailer {
        if frames.isChunked {
            guard frames.skippableCount >= ChunkedTail.frameCount else {
                throw .cut(path: path, format: "zstd:chunked", offset: byteCount)
            }
            guard frames.skippableCount == ChunkedTail.frameCount, let trailer = frames.tail.trailer
            else {
                throw .malformed(
                    path: path, format: "zstd:chunked",
                    "trailer, table, tar-split and footer do not agree")
            }
            return trailer
        }
        guard let trailer = frames.trailer, frames.frameCount == 1, frames.skippableCount == 1
        else { throw .missingTrailer(path: path) }
        return trailer
    }

    private func result(_ compression: LayerCompression, _ content: Content) -> Result {
        Result(mediaType: declared ?? compression.mediaType, content: content)
    }

    /// Determines the format by the first bytes, when there are enough, and passes them on.
    private func recognise(isEnd: Bool) throws(LayerError) {
        guard let found = try recognised(isEnd: isEnd) else { return }
        kind = found
        let bytes = head
        head = []
        try bytes.withRawBytes { (bytes) throws(LayerError) in try follow(bytes) }
    }

    private func recognised(isEnd: Bool) throws(LayerError) -> Kind? {
        if head.starts(with: [0x28, 0xB5, 0x2F, 0xFD]) {
            guard let offset = LayerMark.offset(in: head), head.count >= offset + 3 else {
                if isEnd { throw .cut(path: path, format: "zstd", offset: byteCount) }
                return nil
            }
            try refuseIfDeclared(other: .zstd, found: "zstd")
            let isMarked = head[offset...].prefix(3).elementsEqual(LayerMark.block)
            if isMarked, !verifiesLayer { return .zstdWithTrailer }
            return .zstd(checker(try ZstdDecoder(path: path)))
        }
        if head.count >= 4, head[0] >> 4 == 5, head[1..<4].elementsEqual([0x2A, 0x4D, 0x18]) {
            // A skippable frame, which some compressors write first. The mark never follows one.
            try refuseIfDeclared(other: .zstd, found: "zstd")
            return .zstd(checker(try ZstdDecoder(path: path)))
        }
        if head.starts(with: [0x1F, 0x8B]) {
            try refuseIfDeclared(other: .gzip, found: "gzip")
            return .gzip(checker(try GzipDecoder(path: path)))
        }
        if head.count >= tarBlockByteCount {
            if isTarHeader(head) {
                try refuseIfDeclared(other: LayerCompression.none, found: "an uncompressed tar")
                return .tar(TarChecker(path: path, isEndProved: isEndProved))
            }
            if head.prefix(tarBlockByteCount).allSatisfy({ $0 == 0 }) { return .zeros }
            try refuseIfDeclared(found: unknownName)
            return .opaque
        }
        guard isEnd else { return nil }
        try refuseIfCut()
        try refuseIfDeclared(found: unknownName)
        return .opaque
    }

    private func checker(_ decoder: any StreamDecoder) -> ContentChecker {
        ContentChecker(
            path: path, decoder: decoder, isEndProved: isEndProved, hashes: hashesContent,
            consume: consume)
    }

    /// Refuses bytes that begin like a layer but are too short, because a stage was interrupted
    /// early.
    private func refuseIfCut() throws(LayerError) {
        if head.isEmpty { return }
        if [0x28, 0xB5, 0x2F, 0xFD].starts(with: head) {
            throw .cut(path: path, format: "zstd", offset: byteCount)
        }
        if head == [0x1F] { throw .cut(path: path, format: "gzip", offset: byteCount) }
        // A tar's first field is a name, zero bytes up to byte 100, and then an octal number with a
        // zero byte. A name of 100 bytes has no zero byte; then the whole number must be there.
        let name = head.prefix(100)
        let number = head.dropFirst(100).prefix(7)
        let isNameField =
            (name.contains(0) || (number.count == 7 && head.dropFirst(107).first ?? 0 == 0))
            && name.drop { $0 != 0 }.allSatisfy { $0 == 0 }
            && number.allSatisfy { ($0 >= 0x30 && $0 <= 0x37) || $0 == 0x20 }
        if isNameField { throw .tar(.cut(path: path, offset: byteCount)) }
    }

    private func follow(_ bytes: UnsafeRawBufferPointer) throws(LayerError) {
        switch kind {
        case .unknown: break
        case .opaque:
            if consume != nil {
                throw .notLayer(path: path, format: InputFormat(firstBytes: bytes))
            }
        case .zstdWithTrailer: try frames.update(bytes)
        case .zstd(let content):
            try frames.update(bytes)
            try content.update(bytes)
        case .gzip(let content): try content.update(bytes)
        case .tar(let tar):
            if let consume { try consume(bytes) } else { try tar.update(bytes) }
        case .zeros:
            guard bytes.allSatisfy({ $0 == 0 }) else {
                try refuseIfDeclared(found: unknownName)
                kind = .opaque
                return try follow(bytes)
            }
            try consume?(bytes)
        }
    }

    /// The name in messages of bytes that are no layer.
    private var unknownName: String { InputFormat(firstBytes: head)?.name ?? "unknown data" }

    /// - Throws: `LayerError.contradiction` when a layer of another compression was declared.
    private func refuseIfDeclared(
        other compression: LayerCompression? = nil, found: String
    ) throws(LayerError) {
        if let declared, declared.layerCompression != compression {
            throw .contradiction(path: path, declared: declared, found: found)
        }
    }
}

/// Checks that bytes are a complete tar.
private final class TarChecker {
    private var tar: TarFollower

    init(path: Path, isEndProved: Bool) {
        tar = TarFollower(path: path, isEndProved: isEndProved)
    }

    func update(_ bytes: UnsafeRawBufferPointer) throws(LayerError) {
        do {
            try tar.update(bytes)
        } catch {
            throw .tar(error)
        }
    }

    func finish() throws(LayerError) {
        do {
            try tar.finish()
        } catch {
            throw .tar(error)
        }
    }
}

/// Checks that a decompressed layer is a complete tar, and computes its digest.
private final class ContentChecker {
    private let decoder: any StreamDecoder
    private let isEndProved: Bool
    /// Hashing takes about as long as decompressing, so it runs on another thread.
    private let digest: BackgroundDigest?
    private var byteCount: Int64 = 0
    private let tar: TarChecker
    private let consume: LayerInspector.ContentConsumer?

    init(
        path: Path, decoder: any StreamDecoder, isEndProved: Bool, hashes: Bool,
        consume: LayerInspector.ContentConsumer?
    ) {
        self.decoder = decoder
        self.isEndProved = isEndProved
        digest = hashes ? BackgroundDigest() : nil
        self.consume = consume
        tar = TarChecker(path: path, isEndProved: isEndProved)
    }

    func update(_ bytes: UnsafeRawBufferPointer) throws(LayerError) {
        try decoder.decode(bytes) { (bytes) throws(LayerError) in
            byteCount += Int64(bytes.count)
            digest?.update(bytes)
            if let consume { try consume(bytes) } else { try tar.update(bytes) }
        }
    }

    /// - Returns: nil when the content is not hashed.
    func finish() throws(LayerError) -> BlobIdentity? {
        try decoder.finish()
        let isEmptyLayer = isEndProved && byteCount == 0
        if consume == nil, !isEmptyLayer { try tar.finish() }
        return digest.map { BlobIdentity(digest: $0.finalize(), size: byteCount) }
    }
}
