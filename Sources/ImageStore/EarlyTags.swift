import ByteStream
import OCI

/// The digests of the target tags, requested while the input of a push is still being read.
///
/// An answer is valid for a short time only, because another client may move the tag at any time.
public final class EarlyTags: Sendable {
    /// How old an answer may be.
    private static let lifetime = Duration.seconds(2)

    fileprivate typealias Answer = BackgroundResult<
        (result: Result<Digest?, any Error>, time: ContinuousClock.Instant)
    >

    private let answers: [Reference: Answer]

    fileprivate init(_ answers: [Reference: Answer]) {
        self.answers = answers
    }

    /// The digest of the tag of `target`, when it was requested and the answer is recent; the inner
    /// optional is nil when there is no such tag. Waits for a pending answer.
    ///
    /// - Throws: as `Repository.digestBeforePush`.
    func digest(of target: Reference) throws -> Digest?? {
        guard let answer = try answers[target]?.wait(), .now - answer.time < EarlyTags.lifetime
        else { return nil }
        return .some(try answer.result.get())
    }
}

extension ImageStore {
    /// Starts requests for the digests of the tags of `targets`, at most `concurrencyLimit` of
    /// them. Nothing is changed in the registries. An error is thrown only when the answer is used.
    public func askAhead(_ targets: [Reference]) -> EarlyTags {
        var answers: [Reference: EarlyTags.Answer] = [:]
        for target in targets.prefix(concurrencyLimit) where answers[target] == nil {
            guard case .registry = target, let tag = target.tag else { continue }
            answers[target] = EarlyTags.Answer {
                (Result { try self.repository(for: target).digestBeforePush(.tag(tag)) }, .now)
            }
        }
        return EarlyTags(answers)
    }
}
