import RemoteTools
import ToolSupport

CompareTool.runAndExit()
