import FilterTools
import ToolSupport

runCalledTool(filterTools)
