import JSON
import OCI

/// A list in pages that `Link` headers connect. It is read to its end, or an error is thrown.
final class ListPages {
    /// The maximum number of pages of a list.
    private static let pageLimit = 10_000

    /// The maximum number of consecutive empty pages. Some registries filter the entries after they
    /// have split the list.
    private static let emptyPageLimit = 100

    /// The maximum number of bytes of a page, and of all pages of a list.
    static let pageByteLimit = 16 << 20
    private static let listByteLimit = 256 << 20

    /// The maximum number of bytes of all links, which are stored to detect a loop.
    private static let linkByteLimit = 32 << 20

    private let client: RegistryClient
    private var call: RegistryCall
    private var seen: Set<HTTPURL> = []
    private var byteCount = 0
    private var linkByteCount = 0
    private var emptyPageCount = 0

    init(_ client: RegistryClient, _ call: RegistryCall) {
        self.client = client
        self.call = call
        self.call.request.bodyLimit = ListPages.pageByteLimit
    }

    var isFirst: Bool { seen.count == 1 }

    /// - Parameter body: reads a page; returns the number of its entries, or nil to stop.
    /// - Throws: `RegistryError.violation` for a list that cannot be followed to its end.
    func read(_ body: (HTTPResponse, RegistryCall) throws -> Int?) throws {
        while true {
            let response = try client.send(call)
            // Links are relative to the URL of the registry, which the first response may have
            // changed.
            call.request = client.located(call)
            seen.insert(call.request.url)
            let entryCount: Int?
            do {
                entryCount = try body(response, call)
            } catch let error as JSONError {
                throw client.violation(call.request, error.text)
            }
            guard let entryCount else { return }
            let links = response.headers.all("Link")
            byteCount += response.body.count
            linkByteCount += links.reduce(0) { $0 + $1.utf8.count }
            emptyPageCount = entryCount == 0 ? emptyPageCount + 1 : 0
            switch HeaderValue.nextPage(links) {
            case .none: return
            case .unreadable: throw client.violation(call.request, "a link that cannot be read")
            case .target(let target): try follow(target)
            }
        }
    }

    private func follow(_ link: String) throws(RegistryError) {
        guard seen.count < ListPages.pageLimit, byteCount <= ListPages.listByteLimit,
            linkByteCount <= ListPages.linkByteLimit, emptyPageCount < ListPages.emptyPageLimit
        else { throw client.violation(call.request, "a list without an end") }
        do throws(TransportFailure) {
            let next = try client.requestPolicy.target(of: link, from: call.request.url, "a link")
            guard !seen.contains(next) else {
                throw TransportFailure.violation("a link to a page that was read")
            }
            call.request.url = next
        } catch {
            throw client.error(error, call.request)
        }
    }
}
