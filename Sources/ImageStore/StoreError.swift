import ByteStream
import JSON
import OCI

/// Why an image could not be fetched or pushed, except for errors of its place.
public enum StoreError: Failure {
    /// `scratch` names no place.
    case scratch
    case noSuchManifest(Reference, tags: [String])
    case noSuchBlob(Digest, place: String)
    /// An index names a manifest that is missing.
    case noSuchEntry(Digest, Platform?, place: String)
    case schema1(Reference)
    case malformed(subject: String, JSONError)
    case noSuchPlatform(Reference, wanted: Platform, available: [String])
    /// An index without an image in it.
    case noImage(Reference)
    case nestedTooDeep(Reference)
    case tooLarge(subject: String, size: Int64, limit: Int)
    case sizeMismatch(subject: String, expected: Int64, actual: Int64)

    /// No place has the blob or manifest that `subject` describes. Without a target, it was only to
    /// be read. `unopened` is the error of a place that could not be opened.
    case missing(
        subject: String, digest: Digest, target: String?, sources: [String],
        unopened: StreamError? = nil)
    case duplicatePlatform(String, first: Int, second: Int)
    case digestMismatch(Reference, actual: Digest)
    /// The tag does not have the expected digest, and was not moved.
    case tagMoved(place: String, tag: String, expected: TagExpectation, actual: Digest?)
    /// Another process moved the tag after this one pushed it.
    case tagOverwritten(place: String, tag: String, actual: Digest?)
    case noTagToExpect(Reference)
    /// Other processes replaced the list of referrers every time it was written.
    case referrersContended(place: String, tag: String)
    case tooManyReferrers(Reference, limit: Int)
    /// Other processes replaced the list of signatures every time it was written.
    case signaturesContended(place: String, tag: String)
    /// There is no valid signature; `refused` has the reason for each that was found.
    case notVerified(Reference, refused: [String])
    /// Some of several places did not store the blob.
    case notEverywhere([PlaceFailure], placeCount: Int)
    /// A place served part of a blob before, and now only the whole blob.
    case partRefused(Digest, place: String)

    public var exitStatus: ExitStatus {
        switch self {
        case .scratch, .noTagToExpect: .usage
        case .noSuchManifest, .noSuchBlob, .noSuchEntry, .noSuchPlatform, .noImage: .unavailable
        case .missing(_, _, _, _, let unopened): unopened?.exitStatus ?? .unavailable
        case .schema1, .malformed, .nestedTooDeep, .tooLarge, .sizeMismatch, .duplicatePlatform,
            .digestMismatch:
            .dataError
        case .tagMoved, .tagOverwritten, .partRefused: .protocolError
        case .referrersContended, .signaturesContended: .temporary
        case .notVerified, .tooManyReferrers: .dataError
        case .notEverywhere(let failures, _): failures.first?.failure.exitStatus ?? .internalError
        }
    }

    public var message: String {
        switch self {
        case .scratch: "'scratch' is an image without a place"
        case .noSuchManifest(let reference, let tags):
            "no such manifest: \(quote(reference.description))"
                + (tags.isEmpty ? "" : "; there are \(quoteList(tags))")
        case .noSuchBlob(let digest, let place): "no blob '\(digest)' in \(quote(place))"
        case .noSuchEntry(let digest, let platform, let place):
            "an index in \(quote(place)) names what is not there: '\(digest)'"
                + (platform.map { " for '\($0)'" } ?? "")
        case .schema1(let reference):
            "schema 1 manifest, which is obsolete: \(quote(reference.description)); "
                + "push it again with a newer tool"
        case .malformed(let subject, let error): "malformed \(subject): \(error.text)"
        case .noSuchPlatform(let reference, let wanted, let available):
            "no image for '\(wanted)' in \(quote(reference.description)); "
                + (available.isEmpty ? "there is none" : "there are \(quoteList(available))")
        case .noImage(let reference): "no image in index \(quote(reference.description))"
        case .nestedTooDeep(let reference):
            "indexes nested too deeply in \(quote(reference.description))"
        case .tooLarge(let subject, let size, let limit):
            "\(subject) is too large: \(size) bytes, where \(limit) is the most"
        case .sizeMismatch(let subject, let expected, let actual):
            "size mismatch for \(subject): expected \(expected) bytes, got \(actual)"
        case .missing(let subject, let digest, let target, let sources, let unopened):
            "\(subject) '\(digest)' is \(nowhere([target].compactMap { $0 } + sources))"
                + (sources.isEmpty ? "; say with --from where it is" : "")
                + (unopened.map { "; \($0.message)" } ?? "")
        case .duplicatePlatform(let platform, let first, let second):
            "two images for the platform '\(platform)': lines \(first) and \(second)"
        case .digestMismatch(let reference, let actual):
            "digest mismatch for \(quote(reference.description)): got \(actual)"
        case .tagMoved(let place, let tag, let expected, let actual):
            "tag \(quote(tag)) of \(quote(place)) is not where it was expected: "
                + "expected \(expected), found \(actual.map { "\($0)" } ?? "no such tag")"
        case .tagOverwritten(let place, let tag, let actual):
            "tag \(quote(tag)) of \(quote(place)) was moved by someone else meanwhile: "
                + "found \(actual.map { "\($0)" } ?? "no such tag")"
        case .noTagToExpect(let reference):
            "no tag to expect anything of in \(quote(reference.description))"
        case .referrersContended(let place, let tag):
            "the list of referrers \(quote(tag)) of \(quote(place)) is written by others; try again"
        case .signaturesContended(let place, let tag):
            "the signatures \(quote(tag)) of \(quote(place)) are written by others; try again"
        case .tooManyReferrers(let reference, let limit):
            "more than \(limit) referrers of \(quote(reference.description))"
        case .notEverywhere(let failures, let placeCount):
            "\(failures.count) of \(placeCount) places did not get the blob: "
                + failures.map { "\(quote($0.place)): \($0.failure.message)" }
                .joined(separator: "; ")
        case .partRefused(let digest, let place):
            "parts of '\(digest)' are not to be had any more in \(quote(place))"
        case .notVerified(let reference, let refused):
            "no valid signature of \(quote(reference.description)); "
                + (refused.isEmpty
                    ? "it has none of this type"
                    : refused.prefix(5).enumerated().map { "\($0.offset + 1): \($0.element)" }
                        .joined(separator: "; ")
                        + (refused.count > 5 ? "; and \(refused.count - 5) more" : ""))
        }
    }

    private func nowhere(_ places: [String]) -> String {
        let names = places.map { quote($0) }
        return switch names.count {
        case 0: "nowhere"
        case 1: "not in \(names[0])"
        default: "neither in \(names.joined(separator: " nor in "))"
        }
    }
}

/// Condition on a tag before it is moved.
public enum TagExpectation: Hashable, Sendable, CustomStringConvertible {
    case absent
    case digest(Digest)

    public init?(_ text: String) {
        if text == "absent" {
            self = .absent
        } else if let digest = Digest(text) {
            self = .digest(digest)
        } else {
            return nil
        }
    }

    public var description: String {
        switch self {
        case .absent: "no such tag"
        case .digest(let digest): digest.description
        }
    }

    func holds(for actual: Digest?) -> Bool {
        switch self {
        case .absent: actual == nil
        case .digest(let digest): actual == digest
        }
    }
}
