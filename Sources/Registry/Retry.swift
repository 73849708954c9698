import ByteStream
import Glibc

/// The delays between retries after temporary failures.
struct RetryPolicy: Sendable {
    var limit: Int
    /// The maximum total delay for one request.
    var totalDelay = Duration.seconds(300)
    var firstDelay = Duration.milliseconds(500)
    var delayLimit = Duration.seconds(30)
    /// Waits; throws when a signal arrives.
    var sleep: @Sendable (Duration) throws(TransportFailure) -> Void = pause
    /// A random number from 0 to 1, so that clients do not retry all at once.
    var jitter: @Sendable () -> Double = { Double.random(in: 0...1) }
    /// Seconds since 1970, for `Retry-After`.
    var now: @Sendable () -> Int64 = { Int64(time(nil)) }

    static func isTransient(_ status: Int) -> Bool {
        switch status {
        case 408, 425, 429, 500, 502, 503, 504, 520...530: true
        default: false
        }
    }
}

/// The retries of one request, or of one upload.
struct Retries {
    private let policy: RetryPolicy
    private(set) var count = 0
    private var waited = Duration.zero
    private var redirectCount = 0

    init(_ policy: RetryPolicy) {
        self.policy = policy
    }

    /// Resets the count after progress: the next failure is a first one again.
    mutating func noteProgress() { count = 0 }

    /// Counts a redirect; false when there were too many.
    mutating func noteRedirect() -> Bool {
        redirectCount += 1
        return redirectCount <= RegistryClient.redirectLimit
    }

    /// Waits before the next try.
    ///
    /// - Parameter limit: fewer retries than the policy's, for errors that rarely pass.
    /// - Returns: false when no retry is left.
    mutating func wait(
        after response: HTTPResponse? = nil, limit: Int = .max
    ) throws(TransportFailure) -> Bool {
        guard count < min(policy.limit, limit) else { return false }
        let delay = delay(after: response)
        guard waited + delay <= policy.totalDelay else { return false }
        count += 1
        waited += delay
        try policy.sleep(delay)
        return true
    }

    /// The delay that the server asks for, or else an exponential delay, reduced at random by up to
    /// a half.
    private func delay(after response: HTTPResponse?) -> Duration {
        if let value = response?.headers["Retry-After"],
            let delay = HeaderValue.retryAfter(value, now: policy.now())
        {
            return delay
        }
        let full = min(policy.delayLimit, policy.firstDelay * (1 << min(count, 16)))
        return full * (1 - policy.jitter() / 2)
    }
}

/// Waits for `delay`, or until a signal arrives.
///
/// - Throws: `TransportFailure.interrupted`.
@Sendable func pause(_ delay: Duration) throws(TransportFailure) {
    do {
        try Interruption.pause(milliseconds: CInt(clamping: delay.milliseconds + 1))
    } catch {
        throw .interrupted
    }
}
