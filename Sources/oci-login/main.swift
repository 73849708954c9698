import RemoteTools
import ToolSupport

LoginTool.runAndExit()
